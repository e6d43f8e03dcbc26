// Following an answer that grows: only while the reader is at the end. Scrolling up stops it, coming back resumes it.
import { type RefObject, useCallback, useEffect, useRef, useState } from "react";

// Where a page may be off by rounding, and where a reader who is nearly there means to be there.
const kNearPx = 48;

/** enabled: false for a page that is read from its beginning. */
export function useFollow(
  view: RefObject<HTMLElement | null>,
  content: RefObject<HTMLElement | null>,
  enabled: boolean,
) {
  const [atEnd, setAtEnd] = useState(true);
  const following = useRef(true);
  const lastTop = useRef(0);

  const toEnd = useCallback(() => {
    const element = view.current;
    if (!element) return;
    following.current = true;
    setAtEnd(true);
    element.scrollTop = element.scrollHeight;
    lastTop.current = element.scrollTop;
  }, [view]);

  useEffect(() => {
    const element = view.current;
    const inner = content.current;
    if (!element || !inner || !enabled) return;
    const onScroll = () => {
      const near = element.scrollHeight - element.scrollTop - element.clientHeight <= kNearPx;
      // Content that grows moves the end away without any scrolling up: that alone does not stop following.
      if (near) following.current = true;
      else if (element.scrollTop < lastTop.current) following.current = false;
      lastTop.current = element.scrollTop;
      setAtEnd(near || following.current);
    };
    const onGrow = () => {
      if (following.current) toEnd();
      else onScroll();
    };
    const observer = new ResizeObserver(onGrow);
    observer.observe(inner);
    observer.observe(element);
    element.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", onScroll);
    };
  }, [view, content, enabled, toEnd]);

  return { atEnd, toEnd };
}
