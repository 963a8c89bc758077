const baseUrl = process.env.MINBIL_API_BASE_URL ?? 'http://localhost:5000';
const apiKey = process.env.MINBIL_API_KEY;
const accessToken = process.env.MINBIL_ACCESS_TOKEN;
const sessionId = process.env.MINBIL_SESSION_ID;

const response = await fetch(`${baseUrl}/api/co/auth/sessions/${sessionId}`, {
  method: 'DELETE',
  headers: {
    Accept: 'application/json',
    Authorization: `Bearer ${accessToken}`,
    ...(apiKey && { 'x-api-key': apiKey }),
  },
});
const body = await response.json();

if (response.ok) {
  console.log(response.status);
  console.log(JSON.stringify(body, null, 2));
} else {
  console.error(response.status);
  console.error(JSON.stringify(body, null, 2));
  process.exitCode = 1;
}
