// Syncs under way say how far they are. The page works without: it loads itself again.

const AGAIN = 5000;

// Each answer is one event, and the browser asks again by itself; only after an error it does not.
function listen(live) {
  const source = new EventSource(live.dataset.live);
  source.addEventListener("progress", (event) => show(JSON.parse(event.data)));
  source.addEventListener("over", () => { source.close(); renew(); });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(() => retry(live), AGAIN);
  });
}

// A form that was sent leads on by itself; to load the page again would take it back.
function renew() {
  if (document.querySelector("form[data-sent]")) setTimeout(renew, 1000);
  else location.reload();
}

// Whoever is not signed in any more is led to where they can be; a bridge that is away is asked again.
async function retry(live) {
  try {
    const answer = await fetch(live.dataset.live, { redirect: "manual" });
    if (answer.type === "opaqueredirect" || answer.status === 403) location.reload();
    else listen(live);
  } catch {
    setTimeout(() => retry(live), AGAIN);
  }
}

function show(lines) {
  for (const line of lines) {
    const place = document.getElementById(`live-${line.id}`);
    if (!place) continue;
    place.querySelector("[data-told]").textContent = line.text;
    const bar = place.querySelector("progress");
    if (!bar) continue;
    if (line.total) { bar.max = line.total; bar.value = line.done; } else { bar.removeAttribute("value"); }
  }
}

for (const live of document.querySelectorAll("[data-live]")) listen(live);
