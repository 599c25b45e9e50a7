import './style/base.css';
import './style/parts.css';
import './style/shell.css';
import './style/overview.css';
import { render } from 'preact';
import { startLive } from './live/live-labs.js';
import { applySettings } from './settings/settings.js';
import { App } from './shell/app.js';
import { followLinks } from './shell/place.js';

applySettings();
followLinks();
startLive();
render(<App />, document.getElementById('app')!);
