// Buttons that copy a field or a text. Where the clipboard is closed to us it is selected, ready for the keyboard.
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  const label = button.innerHTML;
  const words = button.dataset.copied ?? "Copied";
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    if (source.select) {
      source.select();
    } else {
      window.getSelection().selectAllChildren(source);
    }
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent);
    } catch {
      if (!document.execCommand("copy")) return;
    }
    button.textContent = words;
    document.getElementById("copied").textContent = words;
    setTimeout(() => {
      button.innerHTML = label;
      document.getElementById("copied").textContent = "";
    }, 2000);
  });
}
