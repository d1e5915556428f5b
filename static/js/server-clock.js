// The server's clock, because the browser's may be wrong by hours.
const meta = document.querySelector('meta[name="server-now"]');
const offset = meta ? Date.parse(meta.content) - Date.now() : 0;

export const now = () => Date.now() + offset;
