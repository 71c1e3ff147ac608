import { DialogueError } from "../errors.js";

/** What is wrong with an option of a server: the error names it. */
export const optionError = (option: string, problem: string): DialogueError =>
  new DialogueError("INVALID_CONFIG", `option '${option}' ${problem}`);

/** What cannot be done with a server, or not now; in a sentence. */
export const invalidUse = (problem: string): DialogueError => new DialogueError("INVALID_CONFIG", problem);
