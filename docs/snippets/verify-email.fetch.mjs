const baseUrl = process.env.MINBIL_API_BASE_URL ?? 'http://localhost:5000';
const apiKey = process.env.MINBIL_API_KEY;
const verificationToken = process.env.MINBIL_VERIFICATION_TOKEN;

const response = await fetch(`${baseUrl}/api/co/auth/verify-email`, {
  method: 'POST',
  headers: {
    Accept: 'application/json',
    'Content-Type': 'application/json',
    ...(apiKey && { 'x-api-key': apiKey }),
  },
  body: JSON.stringify({
    token: verificationToken,
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
