// Buttons that copy a field or a text. Where the clipboard is closed to us it is selected, ready for the keyboard.
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  const label = button.innerHTML;
  const words = button.dataset.copied ?? "Copied";
  button.hidden = false;
  button.addEventListener("click", async () => {
    const [source, told] = [button.dataset.copy, "copied"].map((id) => document.getElementById(id));
    told.textContent = ""; // so that a second time is told, too
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
    told.textContent = source.labels?.length ? `${source.labels[0].textContent} copied` : words;
    setTimeout(() => { button.innerHTML = label; }, 2000);
  });
}
