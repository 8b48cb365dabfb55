import { useState } from "react";
import { PAGES } from "@/app/pages";
import { setShortcutsEnabled, shortcutsEnabled } from "@/app/shortcuts";
import { Kbd } from "@/ui/Field";
import { Modal } from "@/ui/Dialogs";

const GROUPS: { title: string; keys: [string, string][] }[] = [
  {
    title: "Everywhere",
    keys: [
      ["⌘ K", "Search or jump to"],
      ...PAGES.map((page): [string, string] => [`g ${page.shortcut}`, page.title]),
      ["/", "Filter"],
      [".", "Freeze the view, and go on"],
      ["?", "This help"],
    ],
  },
  {
    title: "Lists",
    keys: [
      ["j k", "Next, previous row"],
      ["Enter", "Open"],
      ["Esc", "Close"],
    ],
  },
  {
    title: "Job",
    keys: [
      ["1 – 5", "Graph, timeline, logs, list, events"],
      ["[ ]", "Previous, next failed task"],
      ["r", "Retry"],
      ["c", "Cancel"],
      ["0", "Fit the graph"],
      ["f", "Find what runs"],
      ["← →", "Along the dependencies"],
    ],
  },
];

export function HelpDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const [enabled, setEnabled] = useState(shortcutsEnabled);
  const toggle = (on: boolean) => {
    setShortcutsEnabled(on);
    setEnabled(on);
  };
  return (
    <Modal title="Keyboard shortcuts" open={open} onClose={onClose} className="top-[10vh] w-[min(560px,calc(100vw-32px))]">
      <div className="grid gap-x-8 gap-y-4 px-5 pt-4 sm:grid-cols-2">
        {GROUPS.map(({ title, keys }) => (
          <section key={title} aria-label={title}>
            <h3 className="pb-1 text-xs text-muted">{title}</h3>
            <dl>
              {keys.map(([key, meaning]) => (
                <div key={key} className="flex h-7 items-center gap-2 text-sm">
                  <dt className="flex w-16 shrink-0 gap-1">
                    {key.split(" ").map((part) => (
                      <Kbd key={part}>{part}</Kbd>
                    ))}
                  </dt>
                  <dd>{meaning}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <label className="mt-4 flex items-center gap-2 border-t border-line px-5 py-3 text-sm">
        <input type="checkbox" checked={enabled} onChange={(event) => toggle(event.target.checked)} />
        Single-key shortcuts are on
      </label>
    </Modal>
  );
}
