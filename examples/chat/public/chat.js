// The page's half of the chat. What other people wrote reaches the page by textContent alone, so that it stays text.
import { createDialogueClient } from "dialogue-rs/client";

const PAGE = 30;
const byId = (id) => document.getElementById(id);
const [log, messages, text] = ["log", "messages", "text"].map(byId);

let client; // from signing in to signing out
let room; // the RoomContext that is shown, if any
let entering = false;
let loading; // the room whose earlier messages are on their way

// ---------------------------------------------------------------- who this is

// What shows the server that this tab had the name before: also after a reload, never from another tab.
sessionStorage.tabKey ??= btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(24))));

async function token(name) {
  const reply = await fetch("/sign-in", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, key: sessionStorage.tabKey }),
  });
  const { token, message } = await reply.json();
  if (!reply.ok) throw new Error(message);
  return { token };
}

async function signIn(name) {
  client?.disconnect();
  // A name that is refused is said here: the client would go on asking.
  await token(name);
  // A token is asked for whenever it connects, and before one runs out: also where the server is another one than before.
  client = createDialogueClient({ url: "/", auth: () => token(name), autoConnect: false });
  client.onConnect(() => {
    showState();
    say("");
    listRooms();
  });
  client.onDisconnect(showState);
  client.onError(say);
  client.onRoomCreated(listRooms);
  client.onRoomDeleted(listRooms);
  await client.connect();
  sessionStorage.name = name;
  byId("sign-in").hidden = true;
  byId("chat").hidden = byId("sign-out").hidden = false;
  await enter(decodeURIComponent(location.hash.slice(1)) || "lobby");
}

function signOut() {
  client?.disconnect();
  sessionStorage.clear();
  location.reload();
}

function showState() {
  const states = {
    connected: `Signed in as ${client.userId}`,
    connecting: "Connecting …",
    disconnected: "Not connected",
  };
  byId("state").textContent = states[client.state];
  byId("state").dataset.state = client.state;
}

/** An error, or "" when something went well. */
function say(error) {
  byId("error").textContent = error.message ?? error;
  byId("error").hidden = byId("error").textContent === "";
}

// ---------------------------------------------------------------- rooms

async function listRooms() {
  if (!client?.connected) return;
  const rooms = await client.listRooms().catch(() => undefined);
  if (!rooms) return;
  const list = byId("rooms");
  const focused = list.contains(document.activeElement) && document.activeElement.value;
  list.replaceChildren(
    ...rooms.map(({ id, name, description = "", size, maxSize }) => {
      const button = element("button", "", name);
      button.append(element("span", "size", maxSize < 100 ? `${size} of ${maxSize}` : size));
      Object.assign(button, { type: "button", value: id, title: description });
      button.setAttribute("aria-current", String(id === room?.roomId));
      button.addEventListener("click", () => enter(id));
      const item = element("li", "", "");
      item.append(button);
      return item;
    }),
  );
  // The list is a new one; whoever goes through it by keyboard stays at the same room.
  if (focused) [...list.querySelectorAll("button")].find(({ value }) => value === focused)?.focus();
  const mine = rooms.some(({ id, createdById }) => id === room?.roomId && createdById === client.userId);
  byId("delete").hidden = !mine;
}

async function enter(roomId) {
  if (entering || roomId === room?.roomId) return;
  entering = true;
  try {
    // Whoever is refused stays where he was.
    const next = await client.join(roomId);
    room?.leave();
    show(next);
    say("");
    text.focus();
  } catch (error) {
    say(error);
  }
  entering = false;
  await listRooms();
}

function show(next) {
  room = next;
  messages.replaceChildren();
  for (const id of ["here", "typing"]) byId(id).textContent = "";
  byId("room-name").textContent = room?.roomName ?? "Choose a room";
  byId("compose").hidden = !room;
  byId("older").hidden = true;
  history.replaceState(null, "", room ? `#${encodeURIComponent(room.roomId)}` : " ");
  if (!room) return;

  room.on("message", (message) => {
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 100;
    add(message, "append");
    stopsTyping(message.from);
    if (atEnd) log.scrollTop = log.scrollHeight;
  });
  room.on("typing", ({ from }) => types(from));
  room.on("here", showHere);
  room.onClosed((reason) => {
    if (room !== next) return;
    show(undefined);
    say(reason);
    listRooms();
  });
  loadOlder();
}

function showHere({ data }) {
  byId("here").textContent = `Here: ${data.names.join(", ")}`;
  listRooms();
}

// ---------------------------------------------------------------- messages

/** Offsets begin again when the server does: with the time, they tell every message from every other. */
function add({ from, data, timestamp, offset }, where) {
  const id = `message-${timestamp}-${offset}`;
  if (byId(id)) return;
  const item = document.createElement("li");
  item.id = id;
  item.className = from === client.userId ? "mine" : "";
  const time = new Date(timestamp).toLocaleTimeString([], { timeStyle: "short" });
  item.append(element("span", "who", `${from}, ${time}`), element("span", "text", data.text));
  messages[where](item);
}

/** The messages before those that are shown; on entering a room, the newest. */
async function loadOlder() {
  if (!room || loading === room) return;
  const asked = room;
  const { length } = messages.children;
  loading = asked;
  try {
    const page = await asked.getHistory("message", length, length + PAGE);
    if (asked !== room) return;
    const fromEnd = log.scrollHeight - log.scrollTop;
    for (const message of page) add(message, "prepend");
    byId("older").hidden = page.length < PAGE;
    // What was in view stays in view.
    log.scrollTop = log.scrollHeight - (length === 0 ? 0 : fromEnd);
  } catch (error) {
    say(error);
  } finally {
    if (loading === asked) loading = undefined;
  }
}

async function send() {
  const said = text.value.trim();
  if (!room || said === "") return;
  text.value = "";
  told = 0;
  const sent = await room.trigger("message", { text: said });
  if (sent.isErr) text.value ||= said;
  say(sent.isErr ? sent.error : "");
}

// ---------------------------------------------------------------- who is typing

const typing = new Map(); // name to the timer that ends it
let told = 0;

function types(name) {
  if (name === client.userId) return;
  clearTimeout(typing.get(name));
  typing.set(
    name,
    setTimeout(() => stopsTyping(name), 3000),
  );
  showTyping();
}

function stopsTyping(name) {
  clearTimeout(typing.get(name));
  typing.delete(name);
  showTyping();
}

function showTyping() {
  const names = [...typing.keys()];
  const are = names.length > 1 ? "are" : "is";
  byId("typing").textContent = names.length > 0 ? `${names.join(", ")} ${are} typing …` : "";
}

// ---------------------------------------------------------------- the page's own events

function element(name, className, content) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = content;
  return made;
}

/** A form that is handled here; what goes wrong is shown. */
function onSubmit(id, handle) {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    handle().catch(say);
  });
}

onSubmit("sign-in", async () => {
  say("");
  await signIn(byId("name").value.trim());
});
onSubmit("compose", send);
onSubmit("create", async () => {
  const name = byId("room-title").value.trim();
  const id = name.toLowerCase().replaceAll(/\s+/g, "-");
  await client.createRoom({ id, name, maxSize: Number(byId("room-places").value) });
  byId("create").reset();
  byId("new-room").open = false;
  await enter(id);
});
byId("delete").addEventListener("click", () => {
  if (confirm(`Delete ${room.roomName}, with all that was said?`)) client.deleteRoom(room.roomId).catch(say);
});
byId("sign-out").addEventListener("click", signOut);
byId("older").addEventListener("click", loadOlder);
log.addEventListener("scroll", () => {
  if (log.scrollTop < 40 && !byId("older").hidden) loadOlder();
});
text.addEventListener("input", () => {
  if (!room || Date.now() - told < 2000) return;
  told = Date.now();
  room.trigger("typing", {});
});
// Rooms fill and empty without an event to this page.
setInterval(() => document.hidden || listRooms(), 5000);

if (sessionStorage.name) signIn(sessionStorage.name).catch(say);
