// What the server says has changed. One tab of the browser holds the lock and listens for all of them: a stream in
// each would use up the six connections of HTTP/1.1. Each event becomes "live:<name>" on the document of every tab.
const address = document.body.dataset.live;
const NAMES = ["hello", "conversation", "order", "account", "check", "presence", "paused", "resumed", "resync", "bye"];
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 15000;

const tabs = address && new BroadcastChannel(`helpdesk${address}`);
const me = Math.random().toString(36).slice(2);
let leads = false;
let left = false;
let wait = FIRST_WAIT;
// What a tab that comes later must know: whether the stream runs, and who is present.
const known = { up: false, people: new Map() };

export const isUp = () => known.up;
export const people = () => [...known.people.values()];

function learn(name, data) {
  if (name === "hello" || name === "resumed") known.up = true;
  if (name === "lost" || name === "paused" || name === "bye") known.up = false;
  if (name === "hello") known.people = new Map();
  for (const person of name === "presence" ? [data] : data.presence ?? []) {
    const key = `${person.conversation} ${person.member}`;
    if (person.doing === "gone") known.people.delete(key);
    else known.people.set(key, person);
  }
  document.body.dataset.liveState = known.up ? "up" : "down";
  document.dispatchEvent(new CustomEvent(`live:${name}`, { detail: data }));
}

function tell(name, data = {}) {
  tabs.postMessage({ name, data });
  learn(name, data);
}

function listen() {
  const stream = new EventSource(address);
  for (const name of NAMES) {
    stream.addEventListener(name, (event) => {
      wait = FIRST_WAIT;
      tell(name, JSON.parse(event.data));
      if (name === "bye") again();
    });
  }
  stream.addEventListener("error", () => {
    if (left) return;
    tell("lost");
    // The browser gives up for good on any answer but a stream; we do not.
    if (stream.readyState === EventSource.CLOSED) again();
  });

  function again() {
    stream.close();
    setTimeout(listen, wait * (0.5 + Math.random() / 2));
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

// Browsers offer locks to pages that came by TLS or from this machine; the others look by themselves.
if (tabs && navigator.locks) {
  tabs.addEventListener("message", ({ data: { name, data } }) => {
    if (name === "asks") {
      if (leads) tabs.postMessage({ name: known.up ? "hello" : "lost", data: { presence: people(), to: data.tab } });
    } else if (!data.to || data.to === me) learn(name, data);
  });
  tabs.postMessage({ name: "asks", data: { tab: me } });
  addEventListener("pagehide", () => { left = true; });
  addEventListener("pageshow", () => { left = false; });
  navigator.locks.request(`helpdesk${address}`, () => {
    leads = true;
    listen();
    return new Promise(() => {});
  });
}
