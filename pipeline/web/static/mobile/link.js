// The token in a link that lets officers in; it stands behind #, which no browser sends to a server.

const LINK = /#masuk=([\w.-]+)/;

export const tokenIn = (text) => LINK.exec(text)?.[1] ?? null;
