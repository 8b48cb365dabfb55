/** What the shell says about itself, in `<script type="application/json" id="boot">`. */

interface Boot {
  version: string;
  demo: boolean;
  csrfCookie: string;
}

let parsed: Boot | undefined;

export function boot(): Boot {
  parsed ??= read();
  return parsed;
}

function read(): Boot {
  const text = document.getElementById("boot")?.textContent;
  const raw = JSON.parse(text ?? "{}") as { version?: string; demo?: boolean; csrf_cookie?: string };
  return {
    version: raw.version ?? "",
    demo: raw.demo ?? false,
    csrfCookie: raw.csrf_cookie ?? "csrftoken",
  };
}
