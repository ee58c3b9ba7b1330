// The live stream: connects, follows, reconnects.

import { applyFrame, type Picture } from './state';
import { decodeFrame } from './wire';

export type Link = 'connecting' | 'up' | 'lost';

/** Follows the stream until the returned function is called. */
export function follow(
  onPicture: (picture: Picture) => void,
  onLink: (link: Link) => void,
): () => void {
  let picture: Picture | null = null;
  let socket: WebSocket | null = null;
  let again: ReturnType<typeof setTimeout> | undefined;
  let tries = 0;
  let stopped = false;
  let heard = 0;

  const connect = (): void => {
    if (stopped) return;
    picture = null;
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const mine = new WebSocket(`${scheme}://${location.host}/api/v1/live`);
    socket = mine;
    mine.onmessage = (event) => {
      if (socket !== mine) return;
      const frame = decodeFrame(String(event.data));
      const next = frame && applyFrame(picture, frame, performance.now());
      if (!next) {
        mine.close();
        return;
      }
      picture = next;
      heard = performance.now();
      tries = 0;
      onLink('up');
      onPicture(next);
    };
    mine.onclose = () => {
      if (socket === mine) retry();
    };
  };
  const retry = (): void => {
    onLink('lost');
    socket = null;
    tries += 1;
    clearTimeout(again);
    again = setTimeout(connect, Math.min(5000, 250 * 2 ** Math.min(tries, 5)));
  };
  // A connection that is open but silent is as good as none.
  const watch = setInterval(() => {
    if (socket && heard > 0 && performance.now() - heard > 3000) {
      heard = 0;
      const silent = socket;
      retry();
      silent.close();
    }
  }, 1000);

  onLink('connecting');
  connect();
  return () => {
    stopped = true;
    clearInterval(watch);
    clearTimeout(again);
    const last = socket;
    socket = null;
    last?.close();
  };
}
