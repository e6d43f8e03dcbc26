// KaTeX with its styles and fonts: a part of the console of its own, fetched when it is needed.
import katex from "katex";
import "katex/dist/katex.min.css";

export { katex };
