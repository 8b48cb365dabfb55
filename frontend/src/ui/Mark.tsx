/** The sign of the house: one track that a switch parts into three. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 20 20" className={className} fill="none" aria-hidden>
      <rect width="20" height="20" rx="5" className="fill-gray-900 dark:fill-gray-100" />
      <g className="stroke-white dark:stroke-gray-900" strokeWidth="1.6" strokeLinecap="round">
        <path d="M3.5 10h13M6 10c3.5 0 3-4.5 6.500-4.500h4M6 10c3.500 0 3 4.500 6.500 4.500h4" />
      </g>
    </svg>
  );
}
