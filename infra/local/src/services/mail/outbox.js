"use strict";

const status = document.querySelector(".status");

for (const time of document.querySelectorAll("time")) {
  time.textContent = new Date(time.dateTime).toLocaleString();
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
    status.textContent = "The code is in the clipboard.";
  });
}

setInterval(async () => {
  try {
    const answer = await fetch("/outbox.json");
    const [newest] = await answer.json();
    if ((newest?.id ?? "") !== document.body.dataset.newest) {
      location.reload();
    }
  } catch {
    // The local stack has stopped; the next round finds it again.
  }
}, 2000);
