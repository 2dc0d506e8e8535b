// Answers of the server: what the network thinks of a drawing.

// picture: a canvas; against: the class to compare with, or null. Returns an answer, or what went wrong, and for how many
// milliseconds to wait before asking again.
export async function answerOf(picture, against) {
  const body = await new Promise((done) => picture.toBlob(done, "image/png"));
  const compared = against === null ? "" : `&against=${encodeURIComponent(against)}`;
  let response, answer;
  try {
    response = await fetch(`predict?explain=1${compared}`, { method: "POST", headers: { "Content-Type": "image/png" }, body });
    answer = await response.json();
  } catch {
    return { trouble: "The server does not answer; trying again.", wait: 1000 };
  }
  if (response.status === 429 || response.status === 503) {
    return { trouble: "The server is busy; trying again.", wait: 1000 * (Number(response.headers.get("Retry-After")) || 1) };
  }
  return response.ok ? { answer } : { trouble: answer.error };
}
