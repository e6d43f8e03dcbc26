// A link to a page of the console: a real address, so that it opens in a new tab too, but no load in this one.
import type { MouseEvent, ReactNode } from "react";
import { navigate } from "../lib/router.ts";

export function Link(props: {
  to: string;
  className?: string;
  current?: boolean;
  title?: string;
  onFollow?: () => void;
  children: ReactNode;
}) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(props.to);
    props.onFollow?.();
  };
  return (
    <a
      href={props.to}
      onClick={follow}
      title={props.title}
      aria-current={props.current ? "page" : undefined}
      className={props.className}
    >
      {props.children}
    </a>
  );
}
