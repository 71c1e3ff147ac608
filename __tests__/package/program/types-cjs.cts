import dialogueRs = require("dialogue-rs");
import dialogueClient = require("dialogue-rs/client");
import socketIo = require("dialogue-rs/socket.io");

const dialogue: dialogueRs.Dialogue = dialogueRs.createDialogue({ rooms: [] });
export const started: Promise<void> = dialogue.start();

const io: socketIo.Server = new socketIo.Server(3000);
export const both: dialogueRs.Server[] = [io, dialogue.io];

const client: dialogueClient.DialogueClientInstance = dialogueClient.createDialogueClient({ url: "/" });
client.onError((error: dialogueRs.DialogueError) => console.log(error.code));
