// The head of a page: its name, and one sentence about what it is for.
export function PageHead({ title, lead }: { title: string; lead: string }) {
  return (
    <header className="mb-7">
      <h1 className="text-title font-semibold tracking-tight">{title}</h1>
      <p className="mt-1.5 max-w-prose text-ink-soft">{lead}</p>
    </header>
  );
}
