// The page's half of the chat: the official Socket.IO client, and nothing else.
const element = (id) => document.getElementById(id);
const [status, rooms, messages, notice, compose, text] = [
  "status",
  "rooms",
  "messages",
  "notice",
  "compose",
  "text",
].map(element);

// A name for this tab; sessionStorage keeps it over a reload, and gives another to the next tab.
const names = ["Ada", "Alan", "Barbara", "Edsger", "Grace", "Hedy", "Ken", "Margaret", "Radia", "Tony"];
const me =
  sessionStorage.getItem("name") ??
  `${names[Math.floor(Math.random() * names.length)]} ${Math.floor(Math.random() * 900) + 100}`;
sessionStorage.setItem("name", me);

// What io() opens is the server that this page came from.
const socket = window.io({ auth: { userId: me } });
let current = location.hash.slice(1) || "lobby";
let typing;
let told = 0;

/** A request to the server; its answer, or undefined with the reason shown. */
async function ask(event, payload) {
  try {
    const reply = await socket.timeout(10_000).emitWithAck(event, payload);
    if (reply.ok) return reply;
    notice.textContent = reply.message;
  } catch {
    notice.textContent = "The server did not answer.";
  }
  return undefined;
}

async function enter(roomId) {
  if (roomId !== current) await ask("dialogue:leave", { roomId: current });
  current = roomId;
  history.replaceState(null, "", `#${roomId}`);
  messages.replaceChildren();
  notice.textContent = "";
  await ask("dialogue:join", { roomId });
  await listRooms();
  text.focus();
}

async function listRooms() {
  const reply = await ask("dialogue:listRooms", {});
  if (!reply) return;
  rooms.replaceChildren(
    ...reply.rooms.map((room) => {
      const button = document.createElement("button");
      const size = document.createElement("span");
      size.className = "size";
      size.textContent = room.size;
      button.append(room.name, size);
      button.title = room.description ?? "";
      button.setAttribute("aria-current", String(room.id === current));
      button.addEventListener("click", () => enter(room.id));
      return button;
    }),
  );
}

function show({ from, data, timestamp }) {
  if (typeof data?.text !== "string") return;
  const item = document.createElement("li");
  const who = document.createElement("span");
  const said = document.createElement("span");
  item.classList.toggle("mine", from === me);
  who.className = "who";
  who.textContent = `${from}, ${new Date(timestamp).toLocaleTimeString([], { timeStyle: "short" })}`;
  said.className = "text";
  said.textContent = data.text;
  item.append(who, said);
  messages.append(item);
  messages.scrollTop = messages.scrollHeight;
}

socket.on("connect", () => {
  status.textContent = `you are ${me}`;
  enter(current);
});
socket.on("disconnect", () => {
  status.textContent = "connecting again";
});
socket.on("connect_error", (error) => {
  status.textContent = error.message;
});
socket.on("dialogue:history", ({ roomId, events }) => {
  if (roomId !== current) return;
  // newest first
  for (const message of events.filter(({ event }) => event === "message").reverse()) show(message);
});
socket.on("dialogue:event", (message) => {
  if (message.roomId !== current) return;
  clearTimeout(typing);
  notice.textContent = "";
  if (message.event === "message") {
    show(message);
  } else if (message.from !== me) {
    notice.textContent = `${message.from} is typing`;
    typing = setTimeout(() => {
      notice.textContent = "";
    }, 3000);
  }
});
socket.on("dialogue:error", ({ message }) => {
  notice.textContent = message;
});

text.addEventListener("input", () => {
  if (Date.now() - told < 2000) return;
  told = Date.now();
  socket.emit("dialogue:trigger", { roomId: current, event: "typing", data: {} });
});
compose.addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = text.value.trim();
  if (said === "") return;
  const sent = await ask("dialogue:trigger", { roomId: current, event: "message", data: { text: said } });
  if (sent) text.value = "";
});
// Who is where changes without an event to this page: looked at now and then.
setInterval(() => {
  if (socket.connected && !document.hidden) listRooms();
}, 5000);
