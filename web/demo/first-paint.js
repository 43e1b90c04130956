/* Sets the theme before the first paint; theme.js follows later changes. A classic script, because modules run later. */
try {
  document.documentElement.dataset.theme = JSON.parse(localStorage.getItem('quern.theme')) ?? 'system';
} catch {
  /* no storage */
}
if (matchMedia('(prefers-color-scheme: dark)').matches && !/light|dark/.test(document.documentElement.dataset.theme))
  document.documentElement.dataset.theme = 'dark';
