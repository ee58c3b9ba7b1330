// What a person sets for this screen: theme, sound. The language is the page's own.

export type Theme = 'dark' | 'light';

const THEME = 'greenwave-theme';
const SOUND = 'greenwave-sound';

class Settings {
  theme: Theme = $state(localStorage.getItem(THEME) === 'light' ? 'light' : 'dark');
  sound = $state(localStorage.getItem(SOUND) === 'on');

  apply(): void {
    document.documentElement.dataset['theme'] = this.theme;
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    localStorage.setItem(THEME, theme);
    this.apply();
  }

  setSound(on: boolean): void {
    this.sound = on;
    localStorage.setItem(SOUND, on ? 'on' : 'off');
    if (on) this.beep(false);
  }

  /** Two short tones, higher for what is serious; nothing while sound is off. */
  beep(serious: boolean): void {
    if (!this.sound || typeof AudioContext === 'undefined') return;
    const audio = new AudioContext();
    const gain = audio.createGain();
    gain.gain.value = 0.12;
    gain.connect(audio.destination);
    for (const [at, hertz] of [
      [0, serious ? 880 : 520],
      [0.22, serious ? 1175 : 520],
    ] as const) {
      const tone = audio.createOscillator();
      tone.frequency.value = hertz;
      tone.connect(gain);
      tone.start(audio.currentTime + at);
      tone.stop(audio.currentTime + at + 0.16);
    }
    setTimeout(() => void audio.close(), 800);
  }
}

export const settings = new Settings();
