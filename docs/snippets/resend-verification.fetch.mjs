const baseUrl = process.env.MINBIL_API_BASE_URL ?? 'http://localhost:5000';
const apiKey = process.env.MINBIL_API_KEY;

const response = await fetch(`${baseUrl}/api/co/auth/resend-verification`, {
  method: 'POST',
  headers: {
    Accept: 'application/json',
    'Content-Type': 'application/json',
    ...(apiKey && { 'x-api-key': apiKey }),
  },
  body: JSON.stringify({
    email: 'owner@minbil.io',
  }),
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
