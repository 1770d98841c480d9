// Copies and prints the recovery code.
'use strict';

(() => {
  const code = document.getElementById('code');
  const status = document.getElementById('status');
  const copy = document.getElementById('copy');

  copy.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(code.textContent.trim());
      status.textContent = copy.dataset.done;
    } catch {
      window.getSelection().selectAllChildren(code);
      status.textContent = copy.dataset.failed;
    }
  });

  document.getElementById('print').addEventListener('click', () => window.print());
})();
