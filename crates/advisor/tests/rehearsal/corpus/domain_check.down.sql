alter domain price drop constraint price_positive;
