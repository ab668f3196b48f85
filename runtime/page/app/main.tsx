/** Where the page begins. */
import { render } from 'preact';
import { App } from './app.js';
import { asking } from './ask.js';

render(<App ask={asking()} />, document.getElementById('page')!);

// The files are kept for when there is no network. A browser that refuses shows the page all the same.
if ('serviceWorker' in navigator) void navigator.serviceWorker.register('./offline.js').catch(() => undefined);
