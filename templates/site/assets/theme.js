// Light or dark as last chosen, before anything is painted.
try {
  const theme = localStorage.getItem("paperboy-theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch { /* no storage, as in some private windows: the system's choice holds */ }
