/** Where the login leads: a path of this host only. The admin sends its people here too. */

const CONSOLE = "/console";

export interface Target {
  /** Below the console's basename, or a whole path that Django serves. */
  path: string;
  inConsole: boolean;
}

const HOME: Target = { path: "/", inConsole: true };

/** Another host would do as `//host` or, to some browsers, as `/\\host`. */
const isOwnPath = (next: string): boolean => /^\/(?![/\\])/.test(next);

export function targetOf(next: string | null): Target {
  if (next === null || !isOwnPath(next)) return HOME;
  if (next !== CONSOLE && !/^\/console[/?]/.test(next)) return { path: next, inConsole: false };
  const path = next.slice(CONSOLE.length) || "/";
  return path.startsWith("/login") ? HOME : { path, inConsole: true };
}
