/** The query parameter that carries a run's token, in the address that `hookpoint serve` prints and in that of its WebSocket. */
export const tokenName = 'hookpoint-token';
