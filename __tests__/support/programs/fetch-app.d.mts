/** An app that looks at what fetch gives it and makes answers in every way. */
export const fetchApp: { fetch(request: Request): Response | Promise<Response> };
export const ANSWERS: string[];
export const COPIED: string[];
export const REFUSED: string[];
export const DONE: string[];
