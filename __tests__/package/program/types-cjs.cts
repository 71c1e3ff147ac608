import dialogueRs = require("dialogue-rs");

const dialogue: dialogueRs.Dialogue = dialogueRs.createDialogue({ rooms: [] });
export const started: Promise<void> = dialogue.start();
