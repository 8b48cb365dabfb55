/** Logs of programs that think they write to a terminal. */

// eslint-disable-next-line no-control-regex -- escape sequences are what is looked for
const ESCAPES = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007]*\u0007/g;

export const stripAnsi = (text: string): string =>
  text.includes("\u001b") ? text.replace(ESCAPES, "") : text;
