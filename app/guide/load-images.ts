import { guideText } from '../strings/guide.ts';

/** Loads the pictures of a lab below an element when they come near the window's view. Returns what ends it. */
export function loadImages(element: HTMLElement, load: (path: string) => Promise<string>): () => void {
  const images = element.querySelectorAll<HTMLImageElement>('img[data-image]');
  if (images.length === 0) return () => undefined;
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting || !(target instanceof HTMLImageElement)) continue;
        observer.unobserve(target);
        void show(target, load);
      }
    },
    { rootMargin: '400px' },
  );
  for (const image of images) observer.observe(image);
  return () => observer.disconnect();
}

async function show(image: HTMLImageElement, load: (path: string) => Promise<string>): Promise<void> {
  const path = image.dataset.image ?? '';
  try {
    image.src = await load(path);
    await image.decode();
  } catch {
    // Not there, or no picture: the note says which one, and the rest of the guide is not concerned.
    const note = document.createElement('span');
    note.className = 'blocked';
    note.textContent = guideText.imageMissing(image.alt, path);
    image.replaceWith(note);
  }
}
