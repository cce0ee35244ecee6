/** Whether anybody can see the page: what only shows something need not follow it while nobody does. */
class PageVisible {
  now = $state(!document.hidden);

  constructor() {
    document.addEventListener('visibilitychange', () => {
      this.now = !document.hidden;
    });
  }
}

export const pageVisible = new PageVisible();
