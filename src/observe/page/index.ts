/** The page: one HTML document that needs nothing from anywhere else. */
export { renderPage } from './html.js';
