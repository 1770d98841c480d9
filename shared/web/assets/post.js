// Sends the one form of this page at once, unless the person came back to it by the back button:
// its answer works once, and sending them forward again would trap them here.
'use strict';

(() => {
  const [navigation] = performance.getEntriesByType('navigation');
  if (navigation && navigation.type === 'back_forward') return;
  document.querySelector('form[data-post]').submit();
})();
