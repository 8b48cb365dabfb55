/** What is shown is made up, for looking at the pages without a card. */
export const SimulatedTag = () => (
  <span className="rounded-full border border-yellow-400 bg-yellow-50 px-2 text-xs font-medium text-yellow-800 dark:border-yellow-700 dark:bg-yellow-950 dark:text-yellow-200">
    Simulated
  </span>
);
