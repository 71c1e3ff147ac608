/** Something that the native lane cannot judge exactly. Its message says what. */
export class Unvetted extends Error {}
