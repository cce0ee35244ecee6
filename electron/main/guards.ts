import { app, type IpcMainEvent, type Session, shell, type WebContents } from 'electron';
import { desktopOrigin } from '../../engine/contract/desktop-shell.ts';

/** What our own page may have beyond showing itself: terminals copy and paste. */
const allowedPermissions: readonly string[] = ['clipboard-sanitized-write', 'clipboard-read'];

/** `url.origin` of a scheme of our own is "null" in Node, so it is put together here. */
function isOurs(address: string): boolean {
  try {
    const { protocol, host } = new URL(address);
    return `${protocol}//${host}` === desktopOrigin;
  } catch {
    return false; // no address: a frame that is going away has none
  }
}

/** Whether a message comes from our page, in the window's own frame. */
export function isFromOurPage({ sender, senderFrame }: IpcMainEvent): boolean {
  return senderFrame !== null && senderFrame === sender.mainFrame && isOurs(senderFrame.url);
}

/** No page goes anywhere, opens anything or embeds a guest, whatever made it try. Links to the web open in the user's browser. */
export function confineAllContents(): void {
  app.on('web-contents-created', (_created, contents) => {
    contents.on('will-navigate', (event, address) => refuse(event, contents, address));
    contents.on('will-redirect', (event, address) => refuse(event, contents, address));
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(({ url }) => {
      openOutside(url);
      return { action: 'deny' };
    });
  });
}

function refuse(event: { preventDefault(): void }, contents: WebContents, address: string): void {
  // A reload comes by here too.
  if (isOurs(address) && address === contents.getURL()) return;
  event.preventDefault();
  openOutside(address);
}

/** Only what a browser shows: never a file, nor a program that some scheme stands for. */
function openOutside(address: string): void {
  const url = parse(address);
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') return;
  void shell.openExternal(url.href);
}

function parse(address: string): URL | null {
  try {
    return new URL(address);
  } catch {
    return null; // nothing that could be opened
  }
}

/** Cameras, places, notifications, devices: none of it is needed, so none of it is asked for. */
export function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((contents, permission, answer) =>
    answer(allowedPermissions.includes(permission) && isOurs(contents.getURL())),
  );
  session.setPermissionCheckHandler(
    (_contents, permission, origin) => allowedPermissions.includes(permission) && isOurs(origin),
  );
  session.setDevicePermissionHandler(() => false);
}
