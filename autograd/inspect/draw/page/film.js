// What stands in the place of live_panel.js in a page that cannot compute with other numbers: it says why.
import { said } from "./labels.js";

export function addLive(player) {
  if (player.data.film) player.list.before(said(player, "film", { why: player.data.film }));
}
