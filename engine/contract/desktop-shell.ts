/** What Electron's preload gives the page under `window.hookpointShell`, and nothing else; missing in a browser. */
export interface DesktopShell {
  /** Asks for a port to the engine's process: it comes as a message of the window with `enginePortMessage` as its data. */
  requestPort(): void;
  /** The engine elsewhere that this window was told to attach to (`ws://...` with its token); null where the engine is the shell's own. */
  attachedTo(): string | null;
}

/** The data of the window's message that brings a port to the engine. */
export const enginePortMessage = 'hookpoint-engine-port';

/** Where the desktop window's pages come from: a scheme that only the shell answers. No page of the web can have this origin. */
export const desktopOrigin = 'app://hookpoint';

/** What the preload says to the shell for `requestPort`. */
export const requestPortMessage = 'hookpoint-request-port';
