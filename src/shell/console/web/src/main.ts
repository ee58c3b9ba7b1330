import 'ol/ol.css';
import './app.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { app } from './lib/app.svelte';
import { desk } from './lib/desk.svelte';
import { settings } from './lib/settings.svelte';

const target = document.getElementById('app');
if (target) {
  settings.apply();
  app.onPicture = (picture) => desk.see(picture);
  setInterval(() => void desk.lookForActs(), 3000);
  mount(App, { target });
  void app.start();
}
