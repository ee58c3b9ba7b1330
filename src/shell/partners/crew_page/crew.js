"use strict";
// The token stands behind the # of the address: it goes into one header of our own requests and
// nowhere else.
const token = location.hash.slice(1);
const STALE_MS = 3000;
const LOOK_MS = 1000;
const TEXTS = {
  zh: {
    lang: "zh-CN", other: "EN", to: "前往 ", arrival: (s) => "约 " + time(s) + " 后到达", told: "通知",
    green: "绿灯（已确认）", clearing: "正在放行", waiting: "尚未放行", expect_red: "注意红灯", late: (s) => "绿灯晚 " + s + " 秒",
    metres: " 米", received: "收到", over: "任务已结束", stale: "数据已过期，请以实际灯色为准",
    off: "车辆不在路线上", doubt: "绿波无保证，注意红灯", gone: "链接已失效", rule: "始终以路口实际灯色为准。",
    none: "前方没有信号灯", position: "没有车辆位置",
  },
  en: {
    lang: "en", other: "中文", to: "To ", arrival: (s) => "There in about " + time(s), told: "Messages",
    green: "GREEN (confirmed)", clearing: "Clearing", waiting: "Not yet", expect_red: "EXPECT RED", late: (s) => "green late by " + s + " s",
    metres: " m", received: "Received", over: "This mission is over", stale: "Data is old: go by the lamps you see",
    off: "Vehicle is off its route", doubt: "Green not assured: expect red", gone: "This link is no longer valid", rule: "The lamps you see always count.",
    none: "No signals ahead", position: "Vehicle position unknown",
  },
};
let language = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
let mission = null;
let heard = 0;
let gone = false;

const at = (id) => document.getElementById(id);

function time(s) {
  const whole = Math.max(0, Math.round(s));
  return whole < 60 ? whole + " s" : Math.floor(whole / 60) + " min " + (whole % 60) + " s";
}

function line(kind, parts) {
  const made = document.createElement("li");
  made.className = kind;
  for (const [name, text] of parts) {
    const part = document.createElement("span");
    part.className = name;
    part.textContent = text;
    made.append(part);
  }
  return made;
}

function draw() {
  const words = TEXTS[language];
  document.documentElement.lang = words.lang;
  at("language").textContent = words.other;
  at("told").textContent = words.told;
  at("rule").textContent = words.rule;
  const since = Date.now() - heard;
  const age = mission === null ? Infinity : since + mission.age_ms;
  const stale = age > STALE_MS;
  document.body.classList.toggle("stale", stale);
  at("notice").textContent = notice(words, stale);
  if (mission === null) return;
  at("to").textContent = words.to + mission.destination[language];
  const eta = mission.eta_s === null ? null : mission.eta_s - since / 1000;
  at("arrival").textContent = eta === null || mission.over ? "" : words.arrival(eta);
  const signals = mission.signals.map((one) => {
    // What is old is never shown as green.
    const sign = stale && one.sign === "green" ? "expect_red" : one.sign;
    const when = one.eta_s === null ? "" : time(one.eta_s - since / 1000);
    const late = one.late_s === null ? "" : words.late(one.late_s);
    const far = one.distance_m === null ? "" : one.distance_m + words.metres;
    return line(sign, [
      ["name", one.name[language] + " " + one.id], ["sign", words[sign]],
      ["far", late || far], ["when", when],
    ]);
  });
  if (signals.length === 0 && !mission.over) signals.push(line("", [["name", words.none]]));
  at("signals").replaceChildren(...signals);
  drawMessages(words);
}

// Redrawn only when they change, so that a press does not miss its button.
let shown = "";
function drawMessages(words) {
  const now = language + JSON.stringify(mission.messages);
  if (now === shown) return;
  shown = now;
  const open = mission.messages.filter((one) => !one.received).reverse();
  const messages = open.map((one) => {
    const made = line("", [["text", one.text[language]]]);
    const press = document.createElement("button");
    press.type = "button";
    press.textContent = words.received;
    press.addEventListener("click", () => receive(one.number));
    made.append(press);
    return made;
  });
  at("messages").replaceChildren(...messages);
  at("lines").hidden = messages.length === 0;
}

function notice(words, stale) {
  if (gone) return words.gone;
  if (mission !== null && mission.over) return words.over;
  if (stale) return words.stale;
  if (mission.on_route === false) return words.off;
  if (mission.position_age_ms === null || mission.position_age_ms > STALE_MS) return words.position;
  return mission.assured ? "" : words.doubt;
}

async function ask(method, path, body) {
  const headers = { "x-greenwave-crew": token };
  if (body !== undefined) headers["content-type"] = "application/json";
  const stop = AbortSignal.timeout ? AbortSignal.timeout(5000) : undefined;
  return fetch("/api/v1/crew/" + path, { method, headers, body, cache: "no-store", credentials: "omit", signal: stop });
}

async function look() {
  try {
    const asked = Date.now();
    const answer = await ask("GET", "mission");
    if (answer.status === 401) gone = true;
    if (answer.ok) {
      mission = await answer.json();
      // The answer is as old as the question at worst.
      heard = asked;
      gone = false;
    }
  } catch {
    // The network is away: what is shown grows old by itself.
  }
  setTimeout(look, gone ? 30000 : LOOK_MS);
}

async function receive(number) {
  try {
    const answer = await ask("POST", "receipts", JSON.stringify({ message: number }));
    if (answer.ok && mission !== null) {
      for (const one of mission.messages) if (one.number === number) one.received = true;
      draw();
    }
  } catch {
    // Not received by the server: the button stays.
  }
}

at("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  draw();
});
addEventListener("hashchange", () => location.reload());
look();
draw();
setInterval(draw, 250);
