// Runs before the first paint: the chosen theme, else the system's. Everything else is in the bundle.
(() => {
  let chosen;
  try {
    chosen = JSON.parse(localStorage.getItem('exai.preferences') ?? '{}').theme;
  } catch {
    // Storage that is switched off or unreadable: the system decides.
  }
  const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
