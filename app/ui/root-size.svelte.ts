/** The size of a rem in pixels, as it is now: who wants larger text may change it at any time. */
class RootSize {
  current = $state(Number.parseFloat(getComputedStyle(document.documentElement).fontSize));

  constructor() {
    const measure = document.createElement('div');
    Object.assign(measure.style, { position: 'fixed', visibility: 'hidden', width: '1rem', height: '0' });
    measure.setAttribute('aria-hidden', 'true');
    document.body.append(measure);
    new ResizeObserver(() => {
      this.current = measure.getBoundingClientRect().width;
    }).observe(measure);
  }
}

export const rootSize = new RootSize();
