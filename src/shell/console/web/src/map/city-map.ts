// The map: our own network on OpenLayers, no tiles and no WebGL.

import Feature from 'ol/Feature';
import OlMap from 'ol/Map';
import View from 'ol/View';
import { defaults as controls } from 'ol/control/defaults';
import { defaults as interactions } from 'ol/interaction/defaults';
import type { FeatureLike } from 'ol/Feature';
import LineString from 'ol/geom/LineString';
import MultiLineString from 'ol/geom/MultiLineString';
import Point from 'ol/geom/Point';
import Polygon from 'ol/geom/Polygon';
import TileLayer from 'ol/layer/Tile';
import VectorLayer from 'ol/layer/Vector';
import VectorImageLayer from 'ol/layer/VectorImage';
import VectorSource from 'ol/source/Vector';
import XYZ from 'ol/source/XYZ';
import { Fill, Stroke, Style, Text } from 'ol/style';

import { pick, type Lang } from '../lib/i18n';
import type { Theme } from '../lib/settings.svelte';
import { extentOf, project, stretch, unproject } from '../lib/projection';
import { isRunning, type Picture, type Trails } from '../lib/state';
import type { City, CrossingState, Position, Road } from '../lib/wire';
import { GROUNDS, type Ground } from './ground';
import { paintSite, paintVehicle, type Scene } from './paint';

const FONT = "'Noto Sans CJK SC','Microsoft YaHei','PingFang SC',sans-serif";

/** Roads in one feature at most. */
const BUNDLE = 400;

export interface Look {
  picture: Picture | null;
  lang: Lang;
  chosen: string;
  corridor: number;
  preview: Position[] | null;
  trails: Trails;
}

/** The map in an element. */
export class CityMap {
  private readonly map: OlMap;
  private readonly scene: Scene = {
    picture: null,
    now: 0,
    resolution: 1,
    chosen: '',
    crossings: new Map<string, CrossingState>(),
  };
  private readonly signals = new VectorSource();
  private readonly routes = new VectorSource();
  private readonly movers = new VectorSource();
  private readonly labels: VectorLayer;
  private readonly cosine: number;
  private lang: Lang = 'zh-CN';
  private routeKey = '';
  private readonly ground: Ground;
  private readonly box: [number, number, number, number];

  constructor(
    element: HTMLElement,
    private readonly city: City,
    theme: Theme,
    private readonly on: { site: (id: string) => void; ground: (at: Position) => void },
  ) {
    this.ground = GROUNDS[theme];
    const lines = city.roads.map((road) => road.line.map(project));
    this.box = extentOf([...lines, city.sites.map((site) => project(site.at))]) ?? [0, 0, 1, 1];
    this.cosine = 1 / stretch(city.sites[0]?.at[1] ?? 0);
    this.labels = this.labelLayer();
    this.map = new OlMap({
      target: element,
      controls: controls({ rotate: false, attribution: false }),
      interactions: interactions({ altShiftDragRotate: false, pinchRotate: false }),
      view: new View({ minZoom: 11, maxZoom: 19.5, constrainResolution: false }),
      layers: [
        ...this.baseLayers(),
        this.waterLayer(),
        this.roadLayer(),
        this.routeLayer(),
        this.labels,
        this.signalLayer(),
        this.moverLayer(),
      ],
    });
    this.home();
    this.listen(element);
    timed(this.map);
  }

  /** Shows the whole city. */
  home(): void {
    this.map.getView().fit(this.box, { padding: [46, 46, 46, 46] });
  }

  /** Shows a route with some room around it. */
  frame(line: Position[]): void {
    const box = extentOf([line.map(project)]);
    if (!box) return;
    this.map.getView().fit(box, { padding: [110, 120, 90, 120], maxZoom: 16.4, duration: 500 });
  }

  /** Brings a place into the middle, near enough to read its signals. */
  goTo(at: Position): void {
    const view = this.map.getView();
    const zoom = Math.max(view.getZoom() ?? 0, 16);
    view.animate({ center: project(at), zoom, duration: 300 });
  }

  /** Draws a new picture: once per frame received. */
  update(look: Look): void {
    const now = performance.now();
    this.scene.picture = look.picture;
    this.scene.now = now;
    this.scene.chosen = look.chosen;
    this.scene.crossings.clear();
    for (const corridor of look.picture?.corridors ?? []) {
      if (!isRunning(corridor) && corridor.corridor_id !== look.corridor) continue;
      for (const one of corridor.intersections) {
        const seen = one.confirmed_by === 'lamp_readback';
        const state = one.state === 'green_held' && !seen ? 'clearing' : one.state;
        this.scene.crossings.set(one.id, state);
      }
    }
    if (this.lang !== look.lang) {
      this.lang = look.lang;
      this.labels.getSource()?.changed();
    }
    this.drawRoutes(look);
    this.drawMovers(look);
    this.signals.changed();
  }

  destroy(): void {
    this.map.setTarget(undefined);
  }

  private listen(element: HTMLElement): void {
    const hit = (pixel: number[]): string | undefined => {
      const at = this.map.getCoordinateFromPixel(pixel);
      const resolution = this.map.getView().getResolution() ?? 1;
      const near = this.signals.getClosestFeatureToCoordinate(at);
      const point = near?.getGeometry();
      if (!near || !(point instanceof Point)) return undefined;
      const [x = 0, y = 0] = point.getCoordinates();
      const away = Math.hypot(x - (at[0] ?? 0), y - (at[1] ?? 0)) / resolution;
      return away < 22 ? String(near.get('site')) : undefined;
    };
    this.map.on('click', (event) => {
      const site = hit(event.pixel);
      const [x = 0, y = 0] = event.coordinate;
      if (site) this.on.site(site);
      else this.on.ground(unproject([x, y]));
    });
    this.map.on('pointermove', (event) => {
      if (!event.dragging) element.classList.toggle('over-signal', hit(event.pixel) !== undefined);
    });
  }

  /** The base map from elsewhere, if the city names one. */
  private baseLayers(): TileLayer[] {
    const base = this.city.base_map;
    if (!base) return [];
    const url = base.url
      .replace('{TileMatrix}', '{z}')
      .replace('{TileCol}', '{x}')
      .replace('{TileRow}', '{y}');
    return [new TileLayer({ source: new XYZ({ url }), opacity: 0.6 })];
  }

  private waterLayer(): VectorLayer {
    const source = new VectorSource();
    for (const outline of this.city.water) {
      source.addFeature(new Feature(new Polygon([outline.map(project)])));
    }
    const style = new Style({
      fill: new Fill({ color: this.ground.water }),
      stroke: new Stroke({ color: this.ground.bank, width: 1.5 }),
    });
    return new VectorLayer({ source, style });
  }

  private roadLayer(): VectorImageLayer {
    const source = new VectorSource();
    // Roads that look alike go into one feature, a few hundred at a time: each feature costs more
    // than each line, and a city has tens of thousands.
    const alike = new Map<string, Road[]>();
    for (const road of this.city.roads) {
      const key = `${road.lanes}/${road.bridge}`;
      const bundle = alike.get(key) ?? [];
      bundle.push(road);
      if (bundle.length === 1) alike.set(key, bundle);
      if (bundle.length >= BUNDLE) {
        source.addFeature(bundled(bundle));
        alike.delete(key);
      }
    }
    for (const bundle of alike.values()) source.addFeature(bundled(bundle));
    const cache = new Map<string, Style[]>();
    const style = (feature: FeatureLike, resolution: number): Style[] => {
      const ground = resolution * this.cosine;
      const lanes = Number(feature.get('lanes')) * 2;
      const width = Math.round(Math.max(3, Math.min(34, (lanes * 3.4) / ground)));
      const bridge = feature.get('bridge') === true;
      const key = `${width}${bridge}`;
      let made = cache.get(key);
      if (!made) {
        // So thin a road has no room for an edge.
        const edged = width > 3 || bridge;
        made = [
          ...(edged ? [new Style({
            stroke: new Stroke({ color: bridge ? this.ground.rail : this.ground.edge, width: width + 2.5 }),
            zIndex: bridge ? 2 : 0,
          })] : []),
          new Style({
            stroke: new Stroke({ color: bridge ? this.ground.bridge : this.ground.road, width }),
            zIndex: bridge ? 3 : 1,
          }),
        ];
        cache.set(key, made);
      }
      return made;
    };
    return new VectorImageLayer({ source, style, imageRatio: 1.5 });
  }

  private routeLayer(): VectorLayer {
    const glow = (colour: string, width: number, dash?: number[]): Style =>
      new Style({
        stroke: new Stroke({
          color: colour,
          width,
          lineCap: 'round',
          lineJoin: 'round',
          ...(dash ? { lineDash: dash } : {}),
        }),
      });
    const styles: Record<string, Style[]> = {
      preview: [glow('rgba(55,214,255,0.16)', 15), glow('#37d6ff', 3.5, [10, 8])],
      running: [glow('rgba(55,214,255,0.2)', 17), glow('rgba(86,190,255,0.9)', 4)],
      over: [glow('rgba(140,160,175,0.5)', 3)],
      trail: [glow(this.ground.trail, 2.5)],
    };
    return new VectorLayer({
      source: this.routes,
      style: (feature) => styles[String(feature.get('kind'))],
    });
  }

  private drawRoutes(look: Look): void {
    const shown = (look.picture?.corridors ?? []).filter(
      (one) => isRunning(one) || one.corridor_id === look.corridor,
    );
    const key = JSON.stringify([
      look.preview?.length ?? 0,
      look.preview?.[look.preview.length - 1],
      look.preview?.[0],
      shown.map((one) => [one.corridor_id, one.revision, isRunning(one)]),
    ]);
    const trails = [...look.trails].filter(([id]) =>
      shown.some((one) => one.vehicle_id === id && isRunning(one)),
    );
    if (key !== this.routeKey) {
      this.routeKey = key;
      this.routes.clear(true);
      const add = (line: Position[], kind: string): void => {
        const feature = new Feature(new LineString(line.map(project)));
        feature.set('kind', kind, true);
        this.routes.addFeature(feature);
      };
      for (const one of shown) add(one.line, isRunning(one) ? 'running' : 'over');
      if (look.preview) add(look.preview, 'preview');
    }
    for (const [id, trail] of trails) {
      const line = new LineString(trail.map(project));
      const old = this.routes.getFeatureById(`trail-${id}`);
      if (old instanceof Feature) old.setGeometry(line);
      else {
        const feature = new Feature(line);
        feature.setId(`trail-${id}`);
        feature.set('kind', 'trail', true);
        this.routes.addFeature(feature);
      }
    }
  }

  private signalLayer(): VectorLayer {
    this.city.sites.forEach((site, at) => {
      const feature = new Feature(new Point(project(site.at)));
      feature.setProperties({ site: site.id, at }, true);
      this.signals.addFeature(feature);
    });
    const style = new Style({
      renderer: (coordinates, state) => {
        const [x, y] = coordinates as Position;
        const at = Number(state.feature.get('at'));
        const site = this.city.sites[at];
        this.scene.resolution = state.resolution * this.cosine;
        const pen = { ctx: state.context, x, y, ratio: state.pixelRatio };
        if (site) paintSite(pen, site, at, this.scene);
      },
    });
    return new VectorLayer({ source: this.signals, style, updateWhileAnimating: true });
  }

  private moverLayer(): VectorLayer {
    const style = new Style({
      renderer: (coordinates, state) => {
        const [x, y] = coordinates as Position;
        const pen = { ctx: state.context, x, y, ratio: state.pixelRatio };
        const heading = Number(state.feature.get('heading'));
        paintVehicle(pen, heading, this.scene.now, state.feature.get('busy') === true);
      },
    });
    return new VectorLayer({ source: this.movers, style, updateWhileAnimating: true });
  }

  private drawMovers(look: Look): void {
    const seen = new Set<string>();
    for (const vehicle of look.picture?.vehicles ?? []) {
      seen.add(vehicle.id);
      const at = new Point(project(vehicle.at));
      let feature = this.movers.getFeatureById(vehicle.id);
      if (!(feature instanceof Feature)) {
        feature = new Feature();
        feature.setId(vehicle.id);
        this.movers.addFeature(feature);
      }
      const moving = { heading: vehicle.heading_deg, busy: vehicle.corridor !== null };
      feature.setProperties(moving, true);
      feature.setGeometry(at);
    }
    for (const feature of this.movers.getFeatures()) {
      if (!seen.has(String(feature.getId()))) this.movers.removeFeature(feature);
    }
  }

  private labelLayer(): VectorLayer {
    const source = new VectorSource();
    const named = new Set<string>();
    for (const road of this.city.roads) {
      // One of the two directions, and a street's name once every few blocks.
      const from = road.line[0] ?? [0, 0];
      const to = road.line[road.line.length - 1] ?? [0, 0];
      const block = `${road.names.zh}${Math.round((from[0] + to[0]) * 45)}`;
      const forward = to[0] > from[0] || (to[0] === from[0] && to[1] > from[1]);
      if (!forward || named.has(block) || !road.names.zh) continue;
      named.add(block);
      const feature = new Feature(new LineString(road.line.map(project)));
      feature.setProperties({ kind: 'road', names: road.names }, true);
      source.addFeature(feature);
    }
    for (const place of this.city.places) {
      const feature = new Feature(new Point(project(place.at)));
      feature.setProperties({ kind: place.kind, names: place.names }, true);
      source.addFeature(feature);
    }
    for (const site of this.city.sites) {
      const feature = new Feature(new Point(project(site.at)));
      feature.setProperties({ kind: 'site', names: { zh: site.id, en: site.id } }, true);
      source.addFeature(feature);
    }
    const cache = new Map<string, Style>();
    return new VectorLayer({
      source,
      declutter: true,
      style: (feature, resolution) => {
        const kind = String(feature.get('kind'));
        const ground = resolution * this.cosine;
        if (kind === 'site' && ground > 3.2) return undefined;
        if (kind === 'road' && ground > 9) return undefined;
        const text = pick(this.lang, feature.get('names'));
        const key = `${kind}/${text}`;
        let made = cache.get(key);
        if (!made) {
          made = label(kind, text, this.ground);
          cache.set(key, made);
        }
        return made;
      },
    });
  }
}

/** Roads of one look as one feature. */
function bundled(roads: Road[]): Feature {
  const lines = roads.map((road) => road.line.map(project));
  const feature = new Feature(new MultiLineString(lines));
  feature.setProperties({ lanes: roads[0]?.lanes, bridge: roads[0]?.bridge }, true);
  return feature;
}

/** Notes when the city was painted first, and how long each frame takes if somebody collects that. */
function timed(map: OlMap): void {
  map.once('rendercomplete', () => performance.mark('city-painted'));
  let began = 0;
  map.on('precompose', () => (began = performance.now()));
  map.on('postrender', () => {
    const frames = (globalThis as { greenwaveFrames?: number[] }).greenwaveFrames;
    if (frames && began > 0) frames.push(performance.now() - began);
    began = 0;
  });
}

function label(kind: string, text: string, ground: Ground): Style {
  const halo = new Stroke({ color: ground.edge, width: 3.5 });
  if (kind === 'road') {
    return new Style({
      zIndex: 1,
      text: new Text({
        text,
        font: `500 12px ${FONT}`,
        placement: 'line',
        textBaseline: 'bottom',
        offsetY: -7,
        overflow: false,
        fill: new Fill({ color: ground.street }),
        stroke: halo,
        padding: [3, 12, 3, 12],
      }),
    });
  }
  if (kind === 'site') {
    return new Style({
      zIndex: 0,
      text: new Text({
        text,
        font: `11px ${FONT}`,
        offsetX: 26,
        offsetY: 15,
        fill: new Fill({ color: ground.small }),
        stroke: halo,
      }),
    });
  }
  const sign = kind === 'hospital' ? '✚' : kind === 'fire-station' ? '▲' : '●';
  const colour = ground.places[kind] ?? ground.place;
  return new Style({
    zIndex: 5,
    text: new Text({
      text: `${sign} ${text}`,
      font: `600 13px ${FONT}`,
      offsetY: -24,
      fill: new Fill({ color: colour }),
      stroke: halo,
      padding: [4, 4, 4, 4],
    }),
  });
}
