// Buttons that copy a field. Where the clipboard is closed to us the field is selected, ready for the keyboard.
for (const button of document.querySelectorAll("[data-copy]")) {
  const words = button.innerHTML;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      if (!document.execCommand("copy")) return;
    }
    button.textContent = "Copied";
    document.getElementById("copied").textContent = `${field.labels[0].textContent} copied`;
    setTimeout(() => { button.innerHTML = words; }, 2000);
  });
}
