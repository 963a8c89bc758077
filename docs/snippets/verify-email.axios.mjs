import axios from 'axios';

const baseUrl = process.env.MINBIL_API_BASE_URL ?? 'http://localhost:5000';
const apiKey = process.env.MINBIL_API_KEY;
const verificationToken = process.env.MINBIL_VERIFICATION_TOKEN;

try {
  const response = await axios.post(
    `${baseUrl}/api/co/auth/verify-email`,
    {
      token: verificationToken,
    },
    {
      headers: {
        Accept: 'application/json',
        'Content-Type': 'application/json',
        ...(apiKey && { 'x-api-key': apiKey }),
      },
      timeout: 20_000,
    },
  );
  console.log(response.status);
  console.log(JSON.stringify(response.data, null, 2));
} catch (error) {
  console.error(error.response?.status ?? error.code);
  console.error(JSON.stringify(error.response?.data ?? error.message, null, 2));
  process.exitCode = 1;
}
