// The join page: a link's secret, and a learner's nickname, for a cookie; then on to the page of the role.
//
// The Join button is the gesture that lets a page make sounds. A page that is loaded anew has lost it, so the learner's page is put into
// this document in place of ours.

const find = (id) => document.getElementById(id);
const say = (text) => {
  find("error").textContent = text;
  find("error").hidden = !text;
};

let secret = decodeURIComponent(location.hash.slice(1));
if (secret) history.replaceState(null, "", "/join"); // not in the history, not on a photograph of the screen

async function post(body) {
  let response;
  try {
    response = await fetch("/session", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  } catch {
    return { error: { what: "The console does not answer", do: "ask the instructor whether it still runs" } };
  }
  return response.json();
}

function told({ what, do: cure }) {
  return cure ? `${what}: ${cure}.` : `${what}.`;
}

function showRun({ run, colour }) {
  if (!run) return;
  find("run-name").textContent = run;
  find("run").hidden = false;
  document.body.style.setProperty("--run", colour);
}

function loaded(element) {
  return new Promise((done) => {
    element.onload = element.onerror = done;
  });
}

async function run(script) {
  if (script.type === "module") {
    await import(new URL(script.getAttribute("src"), location.origin).href);
    return;
  }
  const fresh = document.createElement("script");
  fresh.src = script.getAttribute("src");
  const done = loaded(fresh);
  document.head.append(fresh);
  await done;
}

// Become another page of ours without loading it, so that the gesture still counts.
async function become(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(address);
  const next = new DOMParser().parseFromString(await response.text(), "text/html");
  const scripts = [...next.querySelectorAll("script")];
  for (const script of scripts) script.remove();
  const styles = [...next.head.querySelectorAll("link[rel=stylesheet]")].map(loaded);
  history.replaceState(null, "", address);
  for (const { name, value } of next.documentElement.attributes) document.documentElement.setAttribute(name, value);
  document.head.replaceChildren(...next.head.childNodes);
  await Promise.all(styles);
  document.body.replaceWith(next.body);
  for (const script of scripts) await run(script);
}

async function enter(address) {
  try {
    await become(address);
  } catch {
    location.assign(address);
  }
}

function offerReturn(here) {
  for (const { role, nickname, go } of here) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = role === "learner" ? `Go on as ${nickname}` : `Go on as ${role}`;
    button.addEventListener("click", () => enter(go));
    find("here").append(button);
    find("here").hidden = false;
  }
}

async function begin() {
  const me = await fetch("/api/me").then((response) => response.json(), () => ({ here: [] }));
  showRun(me);
  if (!secret) {
    offerReturn(me.here ?? []);
    find("code-field").hidden = false;
    return;
  }
  const answer = await post({ token: secret });
  if (answer.go) {
    location.replace(answer.go);
    return;
  }
  if (answer.wants === "nickname") {
    offerReturn((me.here ?? []).filter(({ role }) => role === "learner"));
  } else {
    secret = "";
    find("code-field").hidden = false;
    say(told(answer.error));
  }
}

function mark(field, wrong) {
  find(field).setAttribute("aria-invalid", String(wrong));
  if (wrong) find(field).focus();
}

async function join(event) {
  event.preventDefault();
  const token = secret || find("code").value;
  const nickname = find("nickname").value;
  say("");
  mark("code", false);
  mark("nickname", false);
  if (!token.trim()) {
    say("The code is missing: ask the instructor for it.");
    mark("code", true);
    return;
  }
  find("go").disabled = true;
  const answer = await post({ token, nickname });
  find("go").disabled = false;
  if (answer.go) {
    await enter(answer.go);
    return;
  }
  const error = answer.error ?? { what: "A nickname is missing", where: "nickname", do: "write one, not your real name" };
  say(told(error));
  mark(error.where === "token" && !secret ? "code" : "nickname", true);
}

find("form").addEventListener("submit", join);
begin();
