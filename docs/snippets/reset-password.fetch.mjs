const baseUrl = process.env.MINBIL_API_BASE_URL ?? 'http://localhost:5000';
const apiKey = process.env.MINBIL_API_KEY;
const resetToken = process.env.MINBIL_RESET_TOKEN;

const response = await fetch(`${baseUrl}/api/co/auth/reset-password`, {
  method: 'POST',
  headers: {
    Accept: 'application/json',
    'Content-Type': 'application/json',
    ...(apiKey && { 'x-api-key': apiKey }),
  },
  body: JSON.stringify({
    token: resetToken,
    password: 'EvenStronger456!',
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
